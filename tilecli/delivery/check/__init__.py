"""What answers at an address, asked as a client would ask it: is it the bundle that was meant, may it be promoted?"""
