"""The subcommands of `quals`, one file each: `add_parser(commands)` and what it runs."""
