"""What runs beside the API: the gateway that holds readers' sockets."""
