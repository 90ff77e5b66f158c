#include "text.h"

#include <homelab/buffer.h>
#include <homelab/names.h>

#include <string.h>

json_t *
text_json(const char *text)
{
	cleanup_buffer struct buffer mended = {0};

	text_mend(text, strlen(text), &mended);
	return json_string(buffer_string(&mended));
}
