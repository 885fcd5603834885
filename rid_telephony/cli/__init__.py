"""The ``rid-telephony`` command: one module for each thing a person does."""
