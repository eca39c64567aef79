// Notes its notifications in X-Order as "a:…"; IISMOD_ORDER_A says which, and their priority. Meant for use with order_b.

#define ORDER_NAME "a"
#define ORDER_VARIABLE "IISMOD_ORDER_A"
#define ORDER_EVENTS 0xFFF
#include "order.h"
