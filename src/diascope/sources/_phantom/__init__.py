"""How the phantom source draws: anatomy, images, and the questions that their truth answers."""
