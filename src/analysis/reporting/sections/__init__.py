"""What each page of the report says: the sentences, what its notebook hands over, and the order of its blocks."""
