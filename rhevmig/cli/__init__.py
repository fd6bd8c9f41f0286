"""The command: parse, call one library function, print.

`main` is the entry and turns errors into one line and an exit code; `source` says where the inventory
comes from; `output` prints; `reading`, `judging` and `moving` hold the commands of the same trades;
`lab` and `cassette` mount the simulated engine and the cassettes.
"""
