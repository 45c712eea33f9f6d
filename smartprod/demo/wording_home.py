"""Words for home, beauty, food and tools: per leaf category its nouns, vague titles, facts and materials."""

from __future__ import annotations

Row = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]

ROWS: dict[str, Row] = {
    "Mug": (
        ("mug", "coffee mug", "cup"),
        ("Morning Companion", "Cosy Break", "Daily Ritual"),
        (
            "Holds 350 ml of coffee or cocoa.",
            "The wide handle keeps your fingers cool.",
            "Safe in microwave and dishwasher.",
            "For hot drinks at the desk.",
        ),
        ("stoneware", "porcelain", "ceramic"),
    ),
    "Bowl": (
        ("bowl", "cereal bowl", "salad bowl"),
        ("Breakfast Hero", "Garden Feast", "Daily Ritual"),
        (
            "Deep enough for muesli, soup or ramen.",
            "Holds 600 ml.",
            "Stackable, safe in oven and dishwasher.",
            "For salads and fruit.",
        ),
        ("stoneware", "porcelain", "ceramic"),
    ),
    "Plate": (
        ("plate", "dinner plate", "side dish"),
        ("Table Moments", "Sunday Lunch", "Garden Feast"),
        (
            "27 cm across with a raised rim.",
            "For pasta, steak or a slice of cake.",
            "Stackable, safe in microwave and dishwasher.",
            "Sets the table in style.",
        ),
        ("stoneware", "porcelain", "ceramic"),
    ),
    "Glass": (
        ("glass", "tumbler", "wine glass"),
        ("Clear Evening", "Table Moments", "Cheers"),
        (
            "Holds 300 ml of water, juice or wine.",
            "Thin rim, lead-free crystal.",
            "Brilliant and clear, set of one.",
            "Wash by hand to keep the shine.",
        ),
        ("crystal", "borosilicate", "soda lime"),
    ),
    "Teapot": (
        ("teapot", "tea pot with lid", "infuser pot"),
        ("Five O'Clock", "Cosy Break", "Slow Afternoon"),
        (
            "Pours without dripping, 1.2 litres.",
            "With a removable infuser for loose leaves.",
            "The lid stays on while pouring.",
            "Serves four cups.",
        ),
        ("stoneware", "porcelain", "ceramic"),
    ),
    "Pan": (
        ("frying pan", "skillet", "pan"),
        ("Chef's Choice", "Sizzle 28", "Hot Stuff"),
        (
            "Non-stick coating, for induction and gas.",
            "Diameter 28 cm, riveted handle.",
            "Fry eggs with little oil.",
            "Even heat from edge to edge.",
        ),
        ("cast iron", "aluminium", "stainless steel"),
    ),
    "Knife": (
        ("chef's knife", "kitchen knife", "blade"),
        ("Chef's Choice", "Sharp Idea", "Santoku 18"),
        (
            "Forged blade of 18 cm, hardened to 58 HRC.",
            "Cuts vegetables and meat with ease.",
            "Full tang, three rivets.",
            "Sharpen with a whetstone.",
        ),
        ("carbon steel", "stainless steel", "damascus steel"),
    ),
    "Table lamp": (
        ("table lamp", "bedside lamp", "desk light"),
        ("Warm Evening", "Glow", "Reading Hour"),
        (
            "E27 socket, bulb up to 40 W.",
            "Fabric shade and a 1.5 m cord with switch.",
            "Warm dimmed light for the bedside.",
            "Height 42 cm.",
        ),
        ("linen and steel", "brass", "wood and cotton"),
    ),
    "Candle": (
        ("candle", "scented candle", "pillar"),
        ("Warm Evening", "Glow", "Slow Afternoon"),
        (
            "Burns for 40 hours with a cotton wick.",
            "Scent of cedar and vanilla.",
            "Soy wax, poured by hand.",
            "Never leave the flame unattended.",
        ),
        ("soy wax", "beeswax", "paraffin"),
    ),
    "Cushion": (
        ("cushion", "throw pillow", "sofa pillow"),
        ("Soft Corner", "Cosy Break", "Siesta"),
        (
            "45 x 45 cm with a hidden zip.",
            "Feather filling, washable cover at 30 degrees.",
            "Soft on the sofa and the armchair.",
            "Woven cover.",
        ),
        ("cotton", "linen", "velvet"),
    ),
    "Wall clock": (
        ("wall clock", "clock", "timepiece for the wall"),
        ("Right on Time", "Glow", "Quiet Hours"),
        (
            "Silent sweep movement, one AA battery.",
            "30 cm across, with a hook for the wall.",
            "Large numerals you read from afar.",
            "Runs to the second.",
        ),
        ("wood", "aluminium", "plastic"),
    ),
    "Shampoo": (
        ("shampoo", "hair wash"),
        ("Botanica Care", "Silk Routine", "Herbal Moment"),
        (
            "Cleans hair and scalp with a rich lather.",
            "Massage into wet hair, lather and rinse out.",
            "Shampoo for daily washing, no silicones.",
        ),
        ("aloe", "argan oil", "oat milk"),
    ),
    "Conditioner": (
        ("conditioner", "hair balm"),
        ("Botanica Care", "Silk Routine", "Herbal Moment"),
        (
            "Untangles and softens after washing.",
            "Leave in the lengths for two minutes, then rinse.",
            "Conditioner for dry tips, no silicones.",
        ),
        ("aloe", "argan oil", "oat milk"),
    ),
    "Body lotion": (
        ("body lotion", "skin milk"),
        ("Botanica Care", "Silk Routine", "Herbal Moment"),
        (
            "Moisturises dry skin for 24 hours.",
            "Spread on arms and legs, absorbs quickly.",
            "Body lotion with vitamin E for soft skin.",
        ),
        ("aloe", "argan oil", "oat milk"),
    ),
    "Green tea": (
        ("green tea", "sencha"),
        ("Leaf Selection", "Slow Afternoon", "Hill Garden Blend"),
        (
            "Steamed leaves, fresh and grassy.",
            "Brew at 75 degrees for two minutes.",
            "Green tea from Japan, 20 bags.",
        ),
        ("whole leaf", "bags", "organic leaf"),
    ),
    "Black tea": (
        ("black tea", "Assam"),
        ("Leaf Selection", "Slow Afternoon", "Hill Garden Blend"),
        (
            "Fully oxidised leaves, malty and strong.",
            "Brew with boiling water for four minutes, good with milk.",
            "Black tea from Ceylon, 20 bags.",
        ),
        ("whole leaf", "bags", "organic leaf"),
    ),
    "Hammer": (
        ("claw hammer", "hammer"),
        ("Workshop Pro", "Handy Helper", "Solid Work"),
        (
            "Drives and pulls nails.",
            "Forged head of 450 g.",
            "Absorbs shock in the wrist.",
            "For carpentry and building.",
        ),
        ("forged steel", "hickory", "fibreglass"),
    ),
    "Screwdriver": (
        ("screwdriver", "slotted driver"),
        ("Workshop Pro", "Handy Helper", "Turn It"),
        (
            "Magnetic tip PH2.",
            "Shaft of chrome vanadium, 100 mm.",
            "Two-component grip for high torque.",
            "Fits Phillips screws.",
        ),
        ("chrome vanadium", "forged steel"),
    ),
    "Guitar": (
        ("acoustic guitar", "concert guitar", "six string"),
        ("First Chords", "Campfire", "Open Strings"),
        (
            "Spruce top, nylon strings.",
            "Warm sound for chords and picking.",
            "With gig bag and tuner.",
            "Fretboard of rosewood, 4/4 size.",
        ),
        ("spruce", "mahogany", "cedar"),
    ),
}
