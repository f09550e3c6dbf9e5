"""What a form is written from: an edition's newest alerts as readers may see them now, and where we are found."""

import msgspec

from service.domain.alert import Alert
from service.domain.cursor import Cursor
from service.domain.newsroom import Edition, Newsroom
from service.domain.ticker import Page


class View(msgspec.Struct, frozen=True):
    """A page of an edition's ticker at `cursor`. `filters` is the query that chose from it, empty where nothing did;
    `public_url` is where readers find us, without a slash at the end.
    """

    newsroom: Newsroom
    edition: Edition
    cursor: Cursor
    page: Page
    public_url: str
    filters: str

    @property
    def alerts(self) -> list[Alert]:
        return [entry.alert for entry in self.page.entries]

    @property
    def title(self) -> str:
        """What a feed of it is called: `Breaking news · Example News`."""
        edition = self.edition
        outlet = edition.outlet or self.newsroom.outlet
        return f"{edition.labels.ui.get('title') or edition.name} · {outlet}"

    def permalink(self, alert: Alert) -> str:
        """The alert's own page, which leads to its article once it has one."""
        return f"{self.public_url}/a/{alert.id}"
