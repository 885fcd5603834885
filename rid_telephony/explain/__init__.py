"""Why a number of the profile is what it is: the utterances and signals behind it."""
