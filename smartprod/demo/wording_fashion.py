"""Words for fashion and toys: per leaf category its nouns, vague titles, facts and materials."""

from __future__ import annotations

from smartprod.demo.wording_home import Row

ROWS: dict[str, Row] = {
    "Sneaker": (
        ("sneaker", "running shoe", "trainer"),
        ("City Runner", "Everyday Step", "Weekend Walk"),
        (
            "Cushioned foam sole and breathable mesh.",
            "Laces up to a padded collar.",
            "For jogging, gym and street.",
            "Runs true to size, EU 36 to 46.",
        ),
        ("mesh", "canvas", "leather"),
    ),
    "Boot": (
        ("boot", "ankle boot", "winter shoe"),
        ("City Walker", "Everyday Step", "Trail Season"),
        (
            "Lined shaft, keeps snow and mud out.",
            "Treaded sole with a block heel.",
            "Pull-on loop at the heel.",
            "Runs true to size, EU 36 to 46.",
        ),
        ("leather", "suede", "nubuck"),
    ),
    "Sandal": (
        ("sandal", "strappy summer shoe", "slide"),
        ("Beach Days", "Everyday Step", "Weekend Walk"),
        (
            "Open toe and adjustable straps.",
            "Cork footbed for hot days.",
            "From the pool to the promenade.",
            "Runs true to size, EU 36 to 46.",
        ),
        ("leather", "cork", "suede"),
    ),
    "Watch": (
        ("watch", "wristwatch", "chronograph"),
        ("Second Nature", "Right on Time", "Captain"),
        (
            "Quartz movement, water resistant to 5 bar.",
            "Sapphire crystal over the dial.",
            "Strap with pin buckle, for wrists of 15 to 20 cm.",
            "Luminous hands.",
        ),
        ("steel", "leather strap", "titanium"),
    ),
    "Handbag": (
        ("handbag", "tote", "shoulder bag"),
        ("City Companion", "Soirée", "Carry All"),
        (
            "Room for purse, phone and make-up.",
            "Arched handle and magnetic flap.",
            "With an inner zip pocket.",
            "Elegant for office and evening.",
        ),
        ("leather", "vegan leather", "suede"),
    ),
    "Backpack": (
        ("backpack", "rucksack", "daypack"),
        ("City Companion", "Trail Season", "Carry All"),
        (
            "20 litres with a laptop sleeve.",
            "Padded shoulder straps and chest clip.",
            "Water-repellent for hikes and school.",
            "Side pockets for a bottle.",
        ),
        ("nylon", "canvas", "recycled polyester"),
    ),
    "Cap": (
        ("cap", "baseball cap", "snapback"),
        ("Sunny Side", "Weekend Walk", "Home Run"),
        (
            "Curved visor keeps the sun out of your eyes.",
            "Adjustable strap, one size fits all.",
            "Six panels with eyelets.",
            "Embroidered front.",
        ),
        ("cotton twill", "wool", "polyester"),
    ),
    "Sunglasses": (
        ("sunglasses", "shades", "polarised glasses"),
        ("Sunny Side", "Beach Days", "Riviera"),
        (
            "UV400 protection, category 3.",
            "Polarised lenses against glare.",
            "Light frame with spring hinges.",
            "With case and cloth.",
        ),
        ("acetate", "metal", "nylon"),
    ),
    "Toy car": (
        ("toy car", "model car", "racer"),
        ("Little Driver", "Playtime", "Vroom"),
        (
            "Pull-back motor for fast races.",
            "Free-wheeling, doors open.",
            "Scale 1:43, for ages 3 and up.",
            "Fits all common tracks.",
        ),
        ("die-cast metal", "wood", "plastic"),
    ),
    "Ball": (
        ("ball", "football", "play ball"),
        ("Playtime", "Kick Off", "Garden Fun"),
        (
            "Size 5, keeps its bounce.",
            "Machine stitched, for pitch and garden.",
            "Comes deflated, pump not included.",
            "Soft touch for kicking and catching.",
        ),
        ("PVC", "rubber", "synthetic leather"),
    ),
}
