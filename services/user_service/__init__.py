"""Users, their credentials, and the access tokens that other services verify."""
