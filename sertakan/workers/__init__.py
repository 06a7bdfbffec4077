"""Workers: informal workers (pekerja BPU), who they are, what they agreed to, who attests that they work, who waits for a sponsor."""
