#include "media/media.h"
