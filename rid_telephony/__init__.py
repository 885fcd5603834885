"""rid-telephony: live coaching of Mandarin wealth-management calls on FreeSWITCH and Asterisk."""

__version__ = "0.1.0"
