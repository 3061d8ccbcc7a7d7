//go:build !e2e

package app

import "github.com/wailsapp/wails/v2/pkg/options/linux"

// gpuPolicy is the one that Wails chooses by itself: drawing by the graphics card leaves windows blank on some drivers.
const gpuPolicy = linux.WebviewGpuPolicyNever
