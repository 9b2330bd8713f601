print("bench-micro")
