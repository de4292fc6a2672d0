"""Speech engines: implement `ports.sounds.Voice` (Speak), each in a process of its own."""
