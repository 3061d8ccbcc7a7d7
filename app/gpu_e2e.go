//go:build e2e

package app

import "github.com/wailsapp/wails/v2/pkg/options/linux"

// gpuPolicy: with any other, WebDriver's screenshots never come back.
const gpuPolicy = linux.WebviewGpuPolicyAlways
