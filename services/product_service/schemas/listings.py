"""Lists of products over HTTP."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from libs.web.pagination import Cursor, PageQuery, query_fingerprint
from libs.web.strict import MAX_INT64, DecimalInt, SafeStr
from services.product_service.models import Filters, Listing, OwnerId, Product, Sort, SortField
from services.product_service.schemas.products import UUID

_Cents = Annotated[DecimalInt, Field(ge=0, le=MAX_INT64)]


class ProductQuery(PageQuery):
    """Which products to list, and in which order."""

    sort: Literal["created_at", "-created_at", "price", "-price", "name", "-name"] = Field(
        default="-created_at", description="What to sort by; with `-` from the largest or newest on."
    )
    q: Annotated[SafeStr, Field(max_length=200)] | None = Field(
        default=None, description="Words, each of which begins a word of the name or the description."
    )
    owner: Annotated[str, StringConstraints(pattern=UUID)] | None = Field(
        default=None, description="Only products of this user."
    )
    min_price_cents: _Cents | None = Field(default=None, description="Only products that cost this or more.")
    max_price_cents: _Cents | None = Field(default=None, description="Only products that cost this or less.")
    in_stock: bool | None = Field(default=None, description="Only products that are in stock, or that are not.")

    def listing(self) -> Listing:
        """Return the list that is asked for; ForeignCursor when the cursor is of another one."""
        sort = self._sort()
        cursor = self.position(self._fingerprint(), str if sort.field is SortField.NAME else int)
        return Listing(self._filters(), sort, (cursor.value, cursor.key) if cursor else None)

    def cursor_after(self, product: Product) -> Cursor:
        """Return the position of `product` in this list."""
        return Cursor(self._fingerprint(), self._sort().value_of(product), product.id)

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

    def _fingerprint(self) -> str:
        return query_fingerprint(self.sort, self._filters())
