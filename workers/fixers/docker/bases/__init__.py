"""What is known of base images and of the packages in them."""
