// Notes its notifications in X-Order as "b:…"; IISMOD_ORDER_B says which, and their priority. Meant for use with order_a.

#define ORDER_NAME "b"
#define ORDER_VARIABLE "IISMOD_ORDER_B"
#define ORDER_EVENTS 0xFFF
#include "order.h"
