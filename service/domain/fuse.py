"""The fuse: the time between publishing on the ticker and the first push, in which an editor can take it back.

The rule to remember: it burns from the first publication, whatever verbs come after, and for alerts that are not pushed
as well: an editor who has just pressed the button need not know which it was.
"""

from service.domain import moment
from service.domain.alert import Alert
from service.domain.newsroom import Newsroom


def ends_ms(alert: Alert, newsroom: Newsroom) -> int:
    """The first millisecond in which `alert` can no longer be undone and its push may begin."""
    return moment.from_text(alert.first_created) + round(newsroom.levels[alert.level].fuse_s * 1000)
