#include "CEventSourceLinux.h"
