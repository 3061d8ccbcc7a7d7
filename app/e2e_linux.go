//go:build linux && e2e

package app

/*
#cgo pkg-config: webkit2gtk-4.1
#include <webkit2/webkit2.h>

// Wails makes its view closed to automation, and that can only be chosen when a view is made. The linker prefers this
// function to the library's of the same name, so builds for the window's tests, and only those, make an open one.
static WebKitWebView *view;

static WebKitWebView *give(WebKitAutomationSession *session, gpointer data) { return view; }

static void begin(WebKitWebContext *context, WebKitAutomationSession *session, gpointer data) {
	g_signal_connect(session, "create-web-view", G_CALLBACK(give), NULL);
}

GtkWidget *webkit_web_view_new_with_user_content_manager(WebKitUserContentManager *manager) {
	WebKitWebContext *context = webkit_web_context_get_default();
	webkit_web_context_set_automation_allowed(context, TRUE);
	g_signal_connect(context, "automation-started", G_CALLBACK(begin), NULL);
	view = g_object_new(WEBKIT_TYPE_WEB_VIEW, "user-content-manager", manager, "is-controlled-by-automation", TRUE, NULL);
	return GTK_WIDGET(view);
}
*/
import "C"
