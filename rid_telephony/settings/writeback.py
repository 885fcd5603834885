"""What is written back to the PBX, whichever it is."""

from __future__ import annotations

from pydantic import Field

from rid_telephony.settings.section import Section


class WriteBackSettings(Section):
    """What agents and dialplans get to see; each can be off."""

    variables: bool = True
    """Set channel variables (``RID_*``) on the agent's channel."""
    customer_variables: bool = False
    """Set them on the customer's channel too."""
    user_event: bool = True
    """Put hints and alerts on the PBX's own event bus (``RidHint`` and ``RidAlert``)."""
    message: bool = True
    """Send hints to the agent's softphone by SIP MESSAGE."""
    message_script: bool = True
    """Put the script, the words to say, below the hint's line in the message."""
    message_from: str = "RID <sip:rid@localhost>"
    """Who the message is from, as the softphone shows it."""
    display: bool = False
    """Show the hint's line as the connected line on the agent's phone."""
    per_second: float = Field(default=20.0, gt=0, le=1000)
    """Actions a second that one call may cause; state variables are merged beyond it."""
    queue_size: int = Field(default=64, gt=0, le=10_000)
    """Messages and events of one call that may wait; more are dropped, oldest event first, and
    counted. State takes no place: of each variable only the newest value waits."""
    queue_total: int = Field(default=2_000, gt=0, le=100_000)
    """Messages and events of all calls that may wait."""
    timeout: float = Field(default=3.0, gt=0, le=60)
    """Seconds that one write may take."""
