"""The category trees of the simulated shop."""

from __future__ import annotations

# Code: (parent, label in English, in French), parents first.
CATEGORIES: dict[str, tuple[str | None, str | None, str | None]] = {
    "master": (None, "Master catalog", "Catalogue principal"),
    "apparel": ("master", "Apparel", "Vêtements"),
    "women": ("apparel", "Women", "Femmes"),
    "women_dresses": ("women", "Dresses", "Robes"),
    "women_shirts": ("women", "Shirts", "Chemises"),
    "women_trousers": ("women", "Trousers", "Pantalons"),
    "women_coats": ("women", "Coats", None),
    "men": ("apparel", "Men", "Hommes"),
    "men_shirts": ("men", "Shirts", "Chemises"),
    "men_trousers": ("men", "Trousers", "Pantalons"),
    "men_jackets": ("men", "Jackets", "Vestes"),
    "kids": ("apparel", "Kids", "Enfants"),
    "kids_3_6": ("kids", "3 to 6 years", "3 à 6 ans"),
    "kids_7_12": ("kids", "7 to 12 years", "7 à 12 ans"),
    "footwear": ("master", "Footwear", "Chaussures"),
    "sneakers": ("footwear", "Sneakers", "Baskets"),
    "boots": ("footwear", "Boots", "Bottes"),
    "sandals": ("footwear", "Sandals", "Sandales"),
    "photo": ("master", "Photo", "Photo"),
    "dslr": ("photo", "SLR cameras", "Reflex"),
    "mirrorless": ("photo", "Mirrorless cameras", "Hybrides"),
    "compact": ("photo", "Compact cameras", "Compacts"),
    "lenses": ("photo", "Lenses", "Objectifs"),
    "tripods": ("photo", None, "Trépieds"),
    "extras": ("master", "Accessories", "Accessoires"),
    "bags": ("extras", "Bags", "Sacs"),
    "belts": ("extras", "Belts", "Ceintures"),
    "scarves": ("extras", "Scarves", "Écharpes"),
    "to_be_sorted": ("master", None, None),
    "sales": (None, "Sales", "Soldes"),
    "summer_sale": ("sales", "Summer sale", "Soldes d'été"),
    "summer_week_1": ("summer_sale", "Week 1", "Semaine 1"),
    "summer_week_2": ("summer_sale", "Week 2", "Semaine 2"),
    "winter_sale": ("sales", "Winter sale", "Soldes d'hiver"),
    "winter_week_1": ("winter_sale", "Week 1", "Semaine 1"),
    "winter_week_2": ("winter_sale", "Week 2", "Semaine 2"),
    "clearance": ("sales", "Clearance", "Déstockage"),
    "last_chance": ("clearance", "Last chance", "Dernière chance"),
    "b_stock": ("clearance", "B-stock", None),
    "outlet": ("sales", "Outlet", "Outlet"),
}

# In which categories the products of a family are.
LEAVES: dict[str | None, tuple[str, ...]] = {
    "clothing": ("women_dresses", "women_shirts", "men_shirts", "men_jackets", "kids_3_6"),
    "shoes": ("sneakers", "boots", "sandals"),
    "cameras": ("dslr", "mirrorless", "compact"),
    "accessories": ("bags", "belts", "scarves", "tripods"),
    "gift_cards": ("extras",),
    None: ("to_be_sorted",),
}
SALES = ("summer_week_1", "winter_week_2", "last_chance", "outlet")
