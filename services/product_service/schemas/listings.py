"""Lists of products as they are asked for over HTTP."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from libs.web.pagination import PageQuery, Place, PlaceCursor, name_choices
from libs.web.strict import MAX_INT64, CleanText, Digits
from services.product_service.errors import ForeignCursor
from services.product_service.models import Filters, Listing, OwnerId, Position, Product, ProductId, Sort, SortField
from services.product_service.schemas.products import UUID

_Cents = Annotated[Digits, Field(ge=0, le=MAX_INT64)]


class ProductQuery(PageQuery):
    """Which products to list, and in which order."""

    cursor: PlaceCursor | None = Field(
        default=None, description="`next` of the page before; sort and filters stay as they were."
    )
    sort: Literal["created_at", "-created_at", "price", "-price", "name", "-name"] = Field(
        default="-created_at", description="What to sort by; with `-` from the largest or newest on."
    )
    q: Annotated[CleanText, Field(max_length=200)] | None = Field(
        default=None, description="Words, each of which begins a word of the name or the description."
    )
    owner: Annotated[str, StringConstraints(pattern=UUID)] | None = Field(
        default=None, description="Only products of this user."
    )
    min_price_cents: _Cents | None = Field(default=None, description="Only products that cost as much or more.")
    max_price_cents: _Cents | None = Field(default=None, description="Only products that cost as much or less.")
    in_stock: bool | None = Field(default=None, description="Only products of which there are some, or none.")

    def listing(self) -> Listing:
        """The same in the catalogue's terms; ForeignCursor when the cursor is of another list."""
        return Listing(self._filters(), self._sort(), self._position())

    def cursor_after(self, product: Product) -> str:
        """The cursor of the page that begins after `product`."""
        return Place(self._choices(), self._sort().value_of(product), product.id).cursor()

    def _filters(self) -> Filters:
        return Filters(
            owner=OwnerId(self.owner) if self.owner else None,
            min_price_cents=self.min_price_cents,
            max_price_cents=self.max_price_cents,
            in_stock=self.in_stock,
            search=self.q,
        )

    def _sort(self) -> Sort:
        return Sort(SortField(self.sort.removeprefix("-")), is_descending=self.sort.startswith("-"))

    def _position(self) -> Position | None:
        if self.cursor is None:
            return None
        place = Place.parse(self.cursor)
        is_of_text = self._sort().field is SortField.NAME
        if place.choices != self._choices() or isinstance(place.value, str) is not is_of_text:
            raise ForeignCursor
        return Position(place.value, ProductId(place.key))

    def _choices(self) -> str:
        return name_choices(self.sort, self._filters())
