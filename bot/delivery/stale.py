"""What came too late to be shown: the words a renderer drops it with, so that `hands` can tell what matters."""

from bot.delivery.outbox import Drop

TOO_LATE = Drop("too late")  # no harm in it: nobody waits for it, or another message says the same
UNTOLD = Drop("too late, untold")  # somebody was to know this and does not: it stands among what needs hands
