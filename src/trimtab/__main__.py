"""`python -m trimtab` is `trimtab`."""

from trimtab.apps.cli import main

main()
