"""The command `rhevmig`: parse the arguments, call one library function, print the result.

`main` answers what needs no command (`quick_answers`), loads the one command that was named and turns errors
into one line and an exit code. A command is one function in `commands/` and one row in
`commands.COMMANDS`.
"""

#: Exit code of an interrupted command, as shells expect it: 128 + SIGINT.
INTERRUPTED = 130
