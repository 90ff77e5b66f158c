#include "parts.h"

#include <homelab/message.h>

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

enum { TOKEN_MAX = 4096, HOST_SHOWN_MAX = 40, DIGEST_SHOWN = 8 };

/* --- URLs ------------------------------------------------------------------------ */

#define cleanup_curl __attribute__((cleanup(cleanup_curl_)))
#define cleanup_url __attribute__((cleanup(cleanup_url_)))

static void
cleanup_curl_(char **text)
{
	curl_free(*text);
}

static void
cleanup_url_(CURLU **url)
{
	curl_url_cleanup(*url);
}

static bool
has_part(CURLU *url, CURLUPart part)
{
	cleanup_curl char *text = NULL;

	return curl_url_get(url, part, &text, 0) == CURLUE_OK;
}

/* HOST-DIGEST, of the whole URL: for people and for us. */
static char *
name_directory(const char *host, const char *url)
{
	char digest[DIGEST_TEXT_MAX];
	cleanup_buffer struct buffer name = {0};

	for (size_t i = 0; i < HOST_SHOWN_MAX && host[i] != '\0'; i++)
		buffer_text(&name, "%c",
		    isalnum((unsigned char)host[i]) || (host[i] == '.' && i > 0) ? host[i] : '_');
	(void)SHA256Data((const uint8_t *)url, strlen(url), digest);
	buffer_text(&name, "-%.*s", DIGEST_SHOWN, digest);
	return text_copy(buffer_string(&name));
}

/* The parser is that of who connects: nothing can be read in two ways. */
int
address_parse(const char *text, bool secret, char **out, char **directory, struct error *err)
{
	cleanup_url CURLU *url = curl_url();
	cleanup_curl char *scheme = NULL, *host = NULL;
	size_t length = strlen(text);

	if (url == NULL)
		memory_fail();
	if (curl_url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return error_set(err, EX_CONFIG, "%s: not a URL with a host", text);
	if (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
		return error_set(err, EX_CONFIG, "%s: neither http:// nor https://", text);
	if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD) ||
	    has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
		return error_set(err, EX_CONFIG, "%s: has a user, a query or a fragment", text);
	if (secret && strcmp(scheme, "https") != 0)
		return error_set(err, EX_CONFIG, "%s: a token is sent by https:// only", text);
	while (length > 0 && text[length - 1] == '/')
		length--;
	*out = text_copy_length(text, length);
	*directory = name_directory(host, *out);
	return 0;
}

/* --- the token -------------------------------------------------------------------- */

static int
check_token_file(int fd, const char *path, struct error *err)
{
	struct stat st;

	if (disk.fstat(fd, &st) < 0)
		return error_errno(err, EX_CONFIG, "cannot stat %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EX_CONFIG, "%s is not a regular file", path);
	if ((st.st_mode & S_IRWXO) != 0)
		return error_set(err, EX_CONFIG, "%s can be read or written by others", path);
	return 0;
}

/* Visible ASCII only: nothing that could end a header. */
static bool
is_token(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return length > 0;
}

int
token_read(const char *path, char **header, struct error *err)
{
	static const char scheme[] = "Authorization: Bearer ";
	cleanup_close int fd =
	    disk.open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	char text[TOKEN_MAX + 2];
	ssize_t length;

	if (fd < 0)
		return error_errno(err, EX_CONFIG, "cannot open %s", path);
	if (check_token_file(fd, path, err) < 0)
		return -1;
	if ((length = disk_read_at(fd, text, sizeof(text), 0)) < 0)
		return error_errno(err, EX_CONFIG, "cannot read %s", path);
	if (length > 0 && text[length - 1] == '\n')
		length--;
	if (length > TOKEN_MAX || !is_token(text, (size_t)length))
		return error_set(err, EX_CONFIG, "%s: not a token in one line", path);
	*header = memory_alloc(sizeof(scheme) + (size_t)length);
	memcpy(*header, scheme, sizeof(scheme) - 1);
	memcpy(*header + sizeof(scheme) - 1, text, (size_t)length);
	return 0;
}
