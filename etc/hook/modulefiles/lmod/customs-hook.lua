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

-- "module purge" leaves it loaded; "module --force purge" and "module --force unload customs-hook" do not.
add_property("lmod", "sticky")

-- First, wherever a profile has put it: of several sitecustomize.py Python runs the first. The priority keeps it there
-- when other modules are loaded later. Not a second time, not even under LMOD_DUPLICATE_PATHS=yes.
-- Python passes over a directory that is not there, so this does not ask the file system.
local path = ":" .. (os.getenv("PYTHONPATH") or "") .. ":"
if (mode() ~= "load" or path:sub(1, #hook + 2) ~= ":" .. hook .. ":") then
   if (mode() == "load") then
      remove_path("PYTHONPATH", hook)
   end
   prepend_path{"PYTHONPATH", hook, priority = 1000}
end
