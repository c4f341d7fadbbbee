"""The catalogue over HTTP, one module for each noun."""

from services.product_service.routes import imports, products, reservations

ROUTERS = (products.router, reservations.router, imports.router)
