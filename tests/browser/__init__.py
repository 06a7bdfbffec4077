"""The product as people meet it: real processes, a real browser, phones of 360 px and desks of 1280 px."""
