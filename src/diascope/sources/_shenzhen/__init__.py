"""Parts of the Shenzhen reader."""
