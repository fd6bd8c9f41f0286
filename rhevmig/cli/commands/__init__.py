"""The commands, one module per group. Each module has `mount(app)`, which adds its commands to the parser."""

from typing import Final

#: Name of a command → the module that has it, in the order of the help.
COMMANDS: Final = {
    "snapshot": "snapshot",
    "schema": "snapshot",
    "check": "check",
    "why": "why",
    "matrix": "matrix",
    "explain": "explain",
    "report": "report",
    "plan": "plan",
    "migrate": "migrate",
    "run": "campaign",
    "status": "campaign",
    "resume": "campaign",
    "cancel": "campaign",
    "cassette": "cassette",
    "lab": "lab",
}
