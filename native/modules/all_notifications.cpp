// Registers every deterministic notification with its post half, SEND_RESPONSE, READ_ENTITY and MAP_PATH; notes all.

#define ORDER_NAME "all"
#define ORDER_VARIABLE "IISMOD_ORDER_ALL"
#define ORDER_EVENTS (0xFFF | RQ_SEND_RESPONSE | RQ_READ_ENTITY | RQ_MAP_PATH)
#include "order.h"
