"""``python -m rid_telephony`` is the ``rid-telephony`` command."""

from rid_telephony.cli import main

main()
