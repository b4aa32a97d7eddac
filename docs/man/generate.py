"""Man pages of a program and its subcommands, from what its own --help is made of.

python3 docs/man/generate.py PROGRAM SECTION FOLDER
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

Command = dict[str, Any]

# What the sections of the manual are called.
MANUALS = {"1": "User Commands", "8": "System Administration"}


def main() -> None:
    """Writes the pages."""
    program, section, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    done = subprocess.run(
        [program, "--experimental-dump-help"], stdout=subprocess.PIPE, check=True, text=True
    )
    command = json.loads(done.stdout)["command"]
    folder.mkdir(parents=True, exist_ok=True)
    for words, each in commands(command, []):
        (folder / f"{'-'.join(words)}.{section}").write_text(page(words, each, section))


def commands(command: Command, before: list[str]) -> list[tuple[list[str], Command]]:
    """A command and those below it, but for help itself."""
    words = [*before, command["commandName"]]
    found = [(words, command)]
    for each in command.get("subcommands") or []:
        if each["commandName"] != "help":
            found += commands(each, words)
    return found


def page(words: list[str], command: Command, section: str) -> str:
    """One page in roff."""
    name = "-".join(words)
    lines = [f'.TH "{name.upper()}" "{section}" "" "Customs" "{MANUALS[section]}"', ".SH NAME"]
    lines.append(f"{quoted(name)} \\- {quoted(command.get('abstract', '').rstrip('.'))}")
    lines += [".SH SYNOPSIS", synopsis(words, command)]
    lines += discussion(command.get("discussion") or "")
    options = [each for each in command.get("arguments") or [] if each.get("shouldDisplay", True)]
    if options:
        lines.append(".SH OPTIONS")
    for option in options:
        lines += [".TP", f"\\fB{quoted(label(option))}\\fR", quoted(described(option))]
    below = [each for each in command.get("subcommands") or [] if each["commandName"] != "help"]
    if below:
        lines.append(".SH COMMANDS")
    for each in below:
        lines += [".TP", f"\\fB{quoted('-'.join([*words, each['commandName']]))}\\fR({section})"]
        lines.append(quoted(each.get("abstract", "")))
    if len(words) > 1:
        lines += [".SH SEE ALSO", f"\\fB{quoted('-'.join(words[:-1]))}\\fR({section})"]
    return "\n".join(lines) + "\n"


def synopsis(words: list[str], command: Command) -> str:
    """The command, and what must or may stand behind it."""
    parts = [f"\\fB{quoted(' '.join(words))}\\fR"]
    if command.get("subcommands"):
        return " ".join([*parts, "\\fICOMMAND\\fR"])
    parts.append("[\\fIOPTIONS\\fR]")
    for each in command.get("arguments") or []:
        if each["kind"] == "positional":
            name = f"\\fI{quoted(each['valueName'])}\\fR" + ("..." if each["isRepeating"] else "")
            parts.append(f"[{name}]" if each["isOptional"] else name)
    return " ".join(parts)


def discussion(text: str) -> list[str]:
    """Paragraphs; what is in capitals heads a section, and what is indented stays as it is."""
    lines: list[str] = [".SH DESCRIPTION"] if text else []
    literal = False
    for line in text.splitlines():
        indented = line.startswith(" ")
        if indented != literal and line:
            lines.append(".nf" if indented else ".fi")
            literal = indented
        if line and not indented and line == line.upper():
            lines.append(f".SH {quoted(line)}")
        elif not line:
            lines.append(".PP")
        else:
            lines.append(quoted(line))
    return [*lines, ".fi"] if literal else lines


def label(option: dict[str, Any]) -> str:
    """An option's names, or an argument's."""
    names = [
        ("-" if name["kind"] == "short" else "--") + name["name"]
        for name in option.get("names") or []
    ]
    value = option.get("valueName", "")
    if not names:
        return str(value)
    return ", ".join(names) + (f" {value}" if option["kind"] == "option" else "")


def described(option: dict[str, Any]) -> str:
    """What an option does, and its values."""
    text = str(option.get("abstract", ""))
    values = option.get("allValues") or []
    if values:
        text += f" One of: {', '.join(values)}."
    if option.get("defaultValue"):
        text += f" Default: {option['defaultValue']}."
    return text


def quoted(text: str) -> str:
    """For roff, to which some characters are special."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


if __name__ == "__main__":
    main()
