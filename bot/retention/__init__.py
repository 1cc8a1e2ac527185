"""What is forgotten, and when: each feature knows how to forget its own, here stands what and after how long."""
