// A script that ends without an answer.
