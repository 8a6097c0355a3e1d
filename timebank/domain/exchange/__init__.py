"""The exchange: offers and asks, finding them, and neighbours writing to each other about them."""
