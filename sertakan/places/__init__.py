"""Places: kecamatan and kelurahan with codes, centroids, neighbours, and dated denominators. The kelurahan is the smallest public place."""
