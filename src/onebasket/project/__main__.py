"""`python -m onebasket.project` is the `onebasket` command."""

from onebasket.project.command import main

main()
