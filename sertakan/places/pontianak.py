"""Kota Pontianak (61.71): 6 kecamatan and 29 kelurahan by code, with both spellings, polygon centroids and postal codes.

Codes: Kepmendagri 300.2.2-2138/2025, updated by 300.2.2-2430/2025. Centroids and postal codes follow the MIT-licensed data sets
cahyadsn/wilayah, wilayah_boundaries and wilayah_kodepos (credit to their author). 61.71.01.1001 does not exist.
"""

KECAMATAN = (
    ("61.71.01", "Pontianak Selatan", -0.05574, 109.32847),
    ("61.71.02", "Pontianak Timur", -0.03742, 109.36711),
    ("61.71.03", "Pontianak Barat", -0.01581, 109.30083),
    ("61.71.04", "Pontianak Utara", 0.00799, 109.33665),
    ("61.71.05", "Pontianak Kota", -0.03664, 109.31348),
    ("61.71.06", "Pontianak Tenggara", -0.07195, 109.34501),
)

# code, official spelling, common spelling, latitude, longitude, postal code
KELURAHAN = (
    ("61.71.01.1002", "Benuamelayu Laut", "Benua Melayu Laut", -0.03565, 109.34885, "78123"),
    ("61.71.01.1003", "Benuamelayu Darat", "Benua Melayu Darat", -0.03909, 109.34276, "78122"),
    ("61.71.01.1004", "Parittokaya", "Parit Tokaya", -0.06524, 109.32774, "78121"),
    ("61.71.01.1005", "Kotabaru", "Kota Baru", -0.06416, 109.31313, "78121"),
    ("61.71.01.1006", "Akcaya", "Akcaya", -0.04696, 109.32881, "78121"),
    ("61.71.02.1001", "Paritmayor", "Parit Mayor", -0.05383, 109.37693, "78231"),
    ("61.71.02.1002", "Banjar Serasan", "Banjar Serasan", -0.04558, 109.36264, "78233"),
    ("61.71.02.1003", "Saigon", "Saigon", -0.04054, 109.37075, "78132"),
    ("61.71.02.1004", "Tanjung Hulu", "Tanjung Hulu", -0.02680, 109.37158, "78137"),
    ("61.71.02.1005", "Tanjung Hilir", "Tanjung Hilir", -0.02432, 109.35719, "78236"),
    ("61.71.02.1006", "Dalambugis", "Dalam Bugis", -0.02929, 109.35457, "78235"),
    ("61.71.02.1007", "Tambelansampit", "Tambelan Sampit", -0.03367, 109.35225, "78234"),
    ("61.71.03.1001", "Pallima", "Pal Lima", -0.02755, 109.28775, "78114"),
    ("61.71.03.1002", "Sungaijawi Dalam", "Sungai Jawi Dalam", -0.01902, 109.31139, "78115"),
    ("61.71.03.1003", "Sungaijawi Luar", "Sungai Jawi Luar", -0.01001, 109.32056, "78113"),
    ("61.71.03.1004", "Sungaibeliung", "Sungai Beliung", -0.00674, 109.29792, "78117"),
    ("61.71.04.1001", "Siantan Hulu", "Siantan Hulu", 0.00061, 109.36275, "78241"),
    ("61.71.04.1002", "Siantan Tengah", "Siantan Tengah", -0.00479, 109.34889, "78242"),
    ("61.71.04.1003", "Siantan Hilir", "Siantan Hilir", 0.01003, 109.33580, "78243"),
    ("61.71.04.1004", "Batulayang", "Batu Layang", 0.01666, 109.30999, "78244"),
    ("61.71.05.1001", "Sungaibangkong", "Sungai Bangkong", -0.04276, 109.31577, "78116"),
    ("61.71.05.1002", "Daratsekip", "Darat Sekip", -0.02821, 109.33673, "78117"),
    ("61.71.05.1003", "Tengah", "Tengah", -0.02371, 109.33416, "78111"),
    ("61.71.05.1004", "Mariana", "Mariana", -0.01995, 109.33203, "78112"),
    ("61.71.05.1005", "Sungaijawi", "Sungai Jawi", -0.03595, 109.30393, "78113"),
    ("61.71.06.1001", "Bansir Laut", "Bansir Laut", -0.05533, 109.34866, "78124"),
    ("61.71.06.1002", "Bansir Darat", "Bansir Darat", -0.07885, 109.33724, "78124"),
    ("61.71.06.1003", "Bangkabelitung Laut", "Bangka Belitung Laut", -0.05756, 109.36039, "78124"),
    ("61.71.06.1004", "Bangkabelitung Darat", "Bangka Belitung Darat", -0.08092, 109.35026, "78124"),
)
