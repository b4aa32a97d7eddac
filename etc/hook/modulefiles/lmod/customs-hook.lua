-- The Customs hook as a module of Lmod (7 or later).
--
-- Set the hook's directory here, the one with sitecustomize.py:
local hook = "/opt/customs/hook"

help([[
Records at the end of a Python program which packages it had imported.
export CUSTOMS_OPT_OUT=1 switches it off for you.
]])
whatis("Name: customs-hook")
whatis("Description: records which Python packages are used")

-- "module purge" leaves the module loaded; "module --force purge" and "module --force unload customs-hook" unload it.
add_property("lmod", "sticky")

-- The directory goes first, also where a profile has put it further behind, because Python runs the first
-- sitecustomize.py. The priority keeps it there when other modules are loaded later. It is added once, also under
-- LMOD_DUPLICATE_PATHS=yes. Python passes over a missing directory, so this does not ask the file system.
local path = ":" .. (os.getenv("PYTHONPATH") or "") .. ":"
if (mode() ~= "load" or path:sub(1, #hook + 2) ~= ":" .. hook .. ":") then
   if (mode() == "load") then
      remove_path("PYTHONPATH", hook)
   end
   prepend_path{"PYTHONPATH", hook, priority = 1000}
end
