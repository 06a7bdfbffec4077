"""Kit: what every room needs and what knows neither Flask nor the database."""
