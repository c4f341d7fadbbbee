"""Lists of products over HTTP."""

from typing import Annotated

from pydantic import Field, StringConstraints

from libs.web.openapi import NamedEnum
from libs.web.pagination import Cursor, PageQuery, query_fingerprint
from libs.web.strict import DecimalInt64, SafeStr
from services.product_service.models import Filters, Listing, OwnerId, Product, Sort, SortField
from services.product_service.schemas.products import UUID


class ProductSort(NamedEnum):
    """The order of a list; with `-` the largest or newest value is first."""

    CREATED_AT = "created_at"
    CREATED_AT_DESC = "-created_at"
    PRICE = "price"
    PRICE_DESC = "-price"
    NAME = "name"
    NAME_DESC = "-name"


class ProductQuery(PageQuery):
    """Which products to list, and in which order."""

    sort: ProductSort = ProductSort.CREATED_AT_DESC
    q: Annotated[SafeStr, Field(max_length=200)] | None = Field(
        default=None, description="Search words; each must be a prefix of a word of the name or the description."
    )
    owner: Annotated[str, StringConstraints(pattern=UUID)] | None = Field(
        default=None, description="Only products of this user."
    )
    min_price_cents: DecimalInt64 | None = Field(default=None, description="Only products that cost this or more.")
    max_price_cents: DecimalInt64 | None = Field(default=None, description="Only products that cost this or less.")
    in_stock: bool | None = Field(
        default=None, description="`true`: only products in stock; `false`: only products out of stock."
    )

    def listing(self) -> Listing:
        """Return the requested list; ForeignCursor when the cursor is of another one."""
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
