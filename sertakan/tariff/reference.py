"""The rows the tariff starts with, each with its legal source. Staff add rows later; nothing here is a constant of the code."""

from datetime import date

from sertakan.kit.errors import N_

PP_44 = "PP 44/2015, Lampiran II"
PP_46 = "PP 46/2015 jo. PP 60/2015"
PP_50 = "PP 50/2025, Pasal 3 dan 4"
CHECKED_ON = date(2026, 11, 22)  # the day the rows below were last compared with public sources
SOURCE = f"Disalin dari sumber publik, diperiksa {CHECKED_ON}"

SKB_2026 = "SKB Menag, Menaker, MenPANRB 1497, 2, 5 Tahun 2025"
FIXED = "Keppres, tanggal tetap setiap tahun"

# day, name, joint leave, basis. The movable days of 2027 are added by staff when their decree is out.
HOLIDAYS = (
    (date(2026, 1, 1), "Tahun Baru Masehi", False, SKB_2026),
    (date(2026, 1, 16), "Isra Mikraj", False, SKB_2026),
    (date(2026, 2, 16), "Cuti bersama Imlek", True, SKB_2026),
    (date(2026, 2, 17), "Tahun Baru Imlek", False, SKB_2026),
    (date(2026, 3, 18), "Cuti bersama Nyepi", True, SKB_2026),
    (date(2026, 3, 19), "Nyepi", False, SKB_2026),
    (date(2026, 3, 20), "Cuti bersama Idulfitri", True, SKB_2026),
    (date(2026, 3, 21), "Idulfitri", False, SKB_2026),
    (date(2026, 3, 22), "Idulfitri", False, SKB_2026),
    (date(2026, 3, 23), "Cuti bersama Idulfitri", True, SKB_2026),
    (date(2026, 3, 24), "Cuti bersama Idulfitri", True, SKB_2026),
    (date(2026, 4, 3), "Wafat Yesus Kristus", False, SKB_2026),
    (date(2026, 4, 5), "Paskah", False, SKB_2026),
    (date(2026, 5, 1), "Hari Buruh", False, SKB_2026),
    (date(2026, 5, 14), "Kenaikan Yesus Kristus", False, SKB_2026),
    (date(2026, 5, 15), "Cuti bersama Kenaikan", True, SKB_2026),
    (date(2026, 5, 27), "Iduladha", False, SKB_2026),
    (date(2026, 5, 28), "Cuti bersama Iduladha", True, SKB_2026),
    (date(2026, 5, 31), "Waisak", False, SKB_2026),
    (date(2026, 6, 1), "Hari Lahir Pancasila", False, SKB_2026),
    (date(2026, 6, 16), "Tahun Baru Islam", False, SKB_2026),
    (date(2026, 8, 17), "Hari Kemerdekaan", False, SKB_2026),
    (date(2026, 8, 25), "Maulid Nabi", False, SKB_2026),
    (date(2026, 12, 24), "Cuti bersama Natal", True, SKB_2026),
    (date(2026, 12, 25), "Natal", False, SKB_2026),
    (date(2027, 1, 1), "Tahun Baru Masehi", False, FIXED),
    (date(2027, 5, 1), "Hari Buruh", False, FIXED),
    (date(2027, 6, 1), "Hari Lahir Pancasila", False, FIXED),
    (date(2027, 8, 17), "Hari Kemerdekaan", False, FIXED),
    (date(2027, 12, 25), "Natal", False, FIXED),
)

# number, income from, income to, base; rupiah a month
BRACKETS = (
    (1, 0, 1_099_000, 1_000_000),
    (2, 1_100_000, 1_299_000, 1_200_000),
    (3, 1_300_000, 1_499_000, 1_400_000),
    (4, 1_500_000, 1_699_000, 1_600_000),
    (5, 1_700_000, 1_899_000, 1_800_000),
    (6, 1_900_000, 2_099_000, 2_000_000),
    (7, 2_100_000, 2_299_000, 2_200_000),
    (8, 2_300_000, 2_499_000, 2_400_000),
    (9, 2_500_000, 2_699_000, 2_600_000),
    (10, 2_700_000, 3_199_000, 2_950_000),
    (11, 3_200_000, 3_699_000, 3_450_000),
    (12, 3_700_000, 4_199_000, 3_950_000),
    (13, 4_200_000, 4_699_000, 4_450_000),
    (14, 4_700_000, 5_199_000, 4_950_000),
    (15, 5_200_000, 5_699_000, 5_450_000),
    (16, 5_700_000, 6_199_000, 5_950_000),
    (17, 6_200_000, 6_699_000, 6_450_000),
    (18, 6_700_000, 7_199_000, 6_950_000),
    (19, 7_200_000, 7_699_000, 7_450_000),
    (20, 7_700_000, 8_199_000, 7_950_000),
    (21, 8_200_000, 9_199_000, 8_700_000),
    (22, 9_200_000, 10_199_000, 9_700_000),
    (23, 10_200_000, 11_199_000, 10_700_000),
    (24, 11_200_000, 12_199_000, 11_700_000),
    (25, 12_200_000, 13_199_000, 12_700_000),
    (26, 13_200_000, 14_199_000, 13_700_000),
    (27, 14_200_000, 15_199_000, 14_700_000),
    (28, 15_200_000, 16_199_000, 15_700_000),
    (29, 16_200_000, 17_199_000, 16_700_000),
    (30, 17_200_000, 18_199_000, 17_700_000),
    (31, 18_200_000, 19_199_000, 18_700_000),
    (32, 19_200_000, 20_199_000, 19_700_000),
    (33, 20_200_000, None, 20_700_000),
)

# programme, basis points of the base, flat rupiah, legal basis
RATES = (
    ("jkk", 100, None, PP_44),
    ("jkm", None, 6_800, "PP 44/2015"),
    ("jht", 200, None, PP_46),
)

# sector, programme, percent, first month, last month, legal basis
RELIEFS = (
    ("transport", "jkk", 50, "2026-01", "2027-03", PP_50),
    ("transport", "jkm", 50, "2026-01", "2027-03", PP_50),
    ("other", "jkk", 50, "2026-04", "2026-12", PP_50),
    ("other", "jkm", 50, "2026-04", "2026-12", PP_50),
)

# group, its label, its icon
GROUPS = (
    ("transport", N_("Transportasi dan pengantaran"), "bike"),
    ("household", N_("Jasa rumah tangga dan pribadi"), "brush-cleaning"),
    ("trade", N_("Perdagangan dan kuliner"), "shopping-basket"),
    ("community", N_("Sosial kemasyarakatan"), "users"),
    ("religious", N_("Keagamaan"), "heart-handshake"),
    ("construction", N_("Bangunan dan perbaikan"), "hammer"),
    ("farming", N_("Pertanian, peternakan, dan perikanan"), "ship"),
    ("daily", N_("Harian dan serabutan"), "hammer"),
    ("other", N_("Pendidikan, kreatif, dan lainnya"), "wallet"),
)

# code, label, group, icon, probably paid by the city already
OCCUPATIONS = (
    ("ojek", N_("Pengemudi ojek atau ojol"), "transport", "bike", False),
    ("sopir_angkutan", N_("Sopir angkot atau taksi"), "transport", "bike", False),
    ("kurir", N_("Kurir atau pengantar barang"), "transport", "bike", False),
    ("sopir_logistik", N_("Sopir logistik mandiri"), "transport", "bike", False),
    ("becak", N_("Pengemudi becak atau bentor"), "transport", "bike", False),
    ("sampan", N_("Pengemudi sampan atau perahu"), "transport", "ship", False),
    ("asisten_rumah_tangga", N_("Asisten rumah tangga"), "household", "brush-cleaning", False),
    ("pengasuh_anak", N_("Pengasuh anak"), "household", "heart-handshake", False),
    ("tukang_kebun", N_("Tukang kebun"), "household", "house", False),
    ("satpam_rumah", N_("Satpam rumah"), "household", "shield-check", False),
    ("tukang_cuci", N_("Tukang cuci atau setrika"), "household", "brush-cleaning", False),
    ("penjahit", N_("Penjahit"), "household", "user", False),
    ("tukang_cukur", N_("Tukang cukur"), "household", "user", False),
    ("perias", N_("Perias"), "household", "user", False),
    ("pekerja_salon", N_("Pekerja salon"), "household", "user", False),
    ("sopir_pribadi", N_("Sopir pribadi"), "household", "bike", False),
    ("pedagang_sayur", N_("Pedagang sayur keliling"), "trade", "shopping-basket", False),
    ("pedagang_pasar", N_("Pedagang pasar"), "trade", "shopping-basket", False),
    ("kaki_lima", N_("Pedagang kaki lima"), "trade", "shopping-basket", False),
    ("asongan", N_("Pedagang asongan"), "trade", "shopping-basket", False),
    ("warung", N_("Pemilik warung kecil"), "trade", "shopping-basket", False),
    ("penjual_makanan", N_("Penjual makanan atau minuman"), "trade", "shopping-basket", False),
    ("penjual_online", N_("Penjual online"), "trade", "shopping-basket", False),
    ("ketua_rt", N_("Ketua RT"), "community", "users", True),
    ("ketua_rw", N_("Ketua RW"), "community", "users", True),
    ("kader_posyandu", N_("Kader posyandu"), "community", "users", True),
    ("relawan_bencana", N_("Relawan kebencanaan (TRC)"), "community", "users", True),
    ("pemadam_swasta", N_("Relawan pemadam kebakaran swasta"), "community", "users", True),
    ("penggali_kubur", N_("Penggali kubur"), "community", "users", False),
    ("fardhu_kifayah", N_("Petugas fardhu kifayah"), "religious", "heart-handshake", True),
    ("guru_ngaji", N_("Guru ngaji"), "religious", "graduation-cap", True),
    ("marbot", N_("Marbot"), "religious", "heart-handshake", False),
    ("imam", N_("Imam, khotib, atau ustaz"), "religious", "heart-handshake", False),
    ("pengurus_ibadah", N_("Pengurus rumah ibadah lain"), "religious", "heart-handshake", False),
    ("guru_sekolah_minggu", N_("Guru sekolah minggu"), "religious", "graduation-cap", False),
    ("tukang_bangunan", N_("Tukang bangunan, batu, kayu, atau cat"), "construction", "hammer", False),
    ("tukang_listrik", N_("Tukang listrik atau las"), "construction", "hammer", False),
    ("teknisi_ac", N_("Teknisi AC"), "construction", "hammer", False),
    ("montir", N_("Montir"), "construction", "hammer", False),
    ("servis_elektronik", N_("Servis elektronik"), "construction", "hammer", False),
    ("petani", N_("Petani atau buruh tani"), "farming", "umbrella", False),
    ("pekebun", N_("Pekebun atau penyadap karet"), "farming", "umbrella", False),
    ("peternak", N_("Peternak"), "farming", "umbrella", False),
    ("nelayan", N_("Nelayan"), "farming", "ship", False),
    ("pembudidaya", N_("Pembudidaya ikan atau petambak"), "farming", "ship", False),
    ("buruh_harian", N_("Tukang atau buruh harian"), "daily", "hammer", False),
    ("kuli_angkut", N_("Kuli angkut"), "daily", "hammer", False),
    ("juru_parkir", N_("Juru parkir"), "daily", "hammer", False),
    ("penjaga_malam", N_("Penjaga malam"), "daily", "clock", False),
    ("pemulung", N_("Pemulung"), "daily", "refresh-cw", False),
    ("guru_les", N_("Guru les"), "other", "graduation-cap", False),
    ("seniman", N_("Seniman atau pekerja lepas"), "other", "pencil", False),
    ("pengrajin", N_("Pengrajin"), "other", "pencil", False),
    ("lainnya", N_("Pekerja mandiri lainnya"), "other", "wallet", False),
)

# The eight cards of the first question: code of the occupation chosen, its label there
COMMON = (
    ("asisten_rumah_tangga", N_("Asisten rumah tangga")),
    ("sopir_pribadi", N_("Sopir pribadi")),
    ("tukang_kebun", N_("Tukang kebun atau satpam rumah")),
    ("pedagang_sayur", N_("Pedagang langganan")),
    ("ojek", N_("Ojek, kurir, sopir angkutan")),
    ("buruh_harian", N_("Tukang atau buruh harian")),
    ("nelayan", N_("Nelayan atau tukang sampan")),
    ("lainnya", N_("Lainnya")),
)

# The laws that the page names: short name, what it settles
LAWS = (
    ("UU 40/2004", N_("Sistem Jaminan Sosial Nasional.")),
    ("UU 24/2011", N_("Badan Penyelenggara Jaminan Sosial (BPJS).")),
    ("PP 44/2015, PP 82/2019, PP 49/2023", N_("JKK dan JKM. Lampiran II memuat 33 golongan penghasilan peserta BPU.")),
    ("PP 46/2015, PP 60/2015", N_("Jaminan Hari Tua (JHT).")),
    ("Permenaker 5/2021, Permenaker 1/2025", N_("Tata cara kepesertaan dan manfaat peserta BPU.")),
    ("PP 50/2025", N_("Potongan separuh iuran JKK dan JKM. Tidak berlaku untuk iuran yang dibayar APBN atau APBD.")),
)
