"""python -m diascope.cli: the command, in an interpreter that is named."""

from diascope.cli.main import main

main()
