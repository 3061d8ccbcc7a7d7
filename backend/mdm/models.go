package mdm

import (
	"strings"
	"unicode"
)

// models are Apple's identifiers and the names under which people bought the device.
var models = map[string]string{
	"iPhone8,1": "iPhone 6s", "iPhone8,2": "iPhone 6s Plus", "iPhone8,4": "iPhone SE",
	"iPhone9,1": "iPhone 7", "iPhone9,3": "iPhone 7", "iPhone9,2": "iPhone 7 Plus", "iPhone9,4": "iPhone 7 Plus",
	"iPhone10,1": "iPhone 8", "iPhone10,4": "iPhone 8", "iPhone10,2": "iPhone 8 Plus", "iPhone10,5": "iPhone 8 Plus",
	"iPhone10,3": "iPhone X", "iPhone10,6": "iPhone X",
	"iPhone11,2": "iPhone XS", "iPhone11,4": "iPhone XS Max", "iPhone11,6": "iPhone XS Max", "iPhone11,8": "iPhone XR",
	"iPhone12,1": "iPhone 11", "iPhone12,3": "iPhone 11 Pro", "iPhone12,5": "iPhone 11 Pro Max", "iPhone12,8": "iPhone SE (2nd generation)",
	"iPhone13,1": "iPhone 12 mini", "iPhone13,2": "iPhone 12", "iPhone13,3": "iPhone 12 Pro", "iPhone13,4": "iPhone 12 Pro Max",
	"iPhone14,4": "iPhone 13 mini", "iPhone14,5": "iPhone 13", "iPhone14,2": "iPhone 13 Pro", "iPhone14,3": "iPhone 13 Pro Max",
	"iPhone14,6": "iPhone SE (3rd generation)", "iPhone14,7": "iPhone 14", "iPhone14,8": "iPhone 14 Plus",
	"iPhone15,2": "iPhone 14 Pro", "iPhone15,3": "iPhone 14 Pro Max", "iPhone15,4": "iPhone 15", "iPhone15,5": "iPhone 15 Plus",
	"iPhone16,1": "iPhone 15 Pro", "iPhone16,2": "iPhone 15 Pro Max",
	"iPhone17,1": "iPhone 16 Pro", "iPhone17,2": "iPhone 16 Pro Max", "iPhone17,3": "iPhone 16", "iPhone17,4": "iPhone 16 Plus",
	"iPhone17,5": "iPhone 16e",
	"iPhone18,1": "iPhone 17 Pro", "iPhone18,2": "iPhone 17 Pro Max", "iPhone18,3": "iPhone 17", "iPhone18,4": "iPhone Air",

	"iPad7,11": "iPad (7th generation)", "iPad7,12": "iPad (7th generation)",
	"iPad11,6": "iPad (8th generation)", "iPad11,7": "iPad (8th generation)",
	"iPad12,1": "iPad (9th generation)", "iPad12,2": "iPad (9th generation)",
	"iPad13,18": "iPad (10th generation)", "iPad13,19": "iPad (10th generation)",
	"iPad15,7": "iPad (A16)", "iPad15,8": "iPad (A16)",
	"iPad11,3": "iPad Air (3rd generation)", "iPad11,4": "iPad Air (3rd generation)",
	"iPad13,1": "iPad Air (4th generation)", "iPad13,2": "iPad Air (4th generation)",
	"iPad13,16": "iPad Air (5th generation)", "iPad13,17": "iPad Air (5th generation)",
	"iPad14,8": "iPad Air 11-inch (M2)", "iPad14,9": "iPad Air 11-inch (M2)",
	"iPad14,10": "iPad Air 13-inch (M2)", "iPad14,11": "iPad Air 13-inch (M2)",
	"iPad15,3": "iPad Air 11-inch (M3)", "iPad15,4": "iPad Air 11-inch (M3)",
	"iPad15,5": "iPad Air 13-inch (M3)", "iPad15,6": "iPad Air 13-inch (M3)",
	"iPad11,1": "iPad mini (5th generation)", "iPad11,2": "iPad mini (5th generation)",
	"iPad14,1": "iPad mini (6th generation)", "iPad14,2": "iPad mini (6th generation)",
	"iPad16,1": "iPad mini (A17 Pro)", "iPad16,2": "iPad mini (A17 Pro)",
	"iPad8,1": "iPad Pro 11-inch", "iPad8,2": "iPad Pro 11-inch", "iPad8,3": "iPad Pro 11-inch", "iPad8,4": "iPad Pro 11-inch",
	"iPad8,5": "iPad Pro 12.9-inch (3rd generation)", "iPad8,6": "iPad Pro 12.9-inch (3rd generation)",
	"iPad8,7": "iPad Pro 12.9-inch (3rd generation)", "iPad8,8": "iPad Pro 12.9-inch (3rd generation)",
	"iPad8,9": "iPad Pro 11-inch (2nd generation)", "iPad8,10": "iPad Pro 11-inch (2nd generation)",
	"iPad8,11": "iPad Pro 12.9-inch (4th generation)", "iPad8,12": "iPad Pro 12.9-inch (4th generation)",
	"iPad13,4": "iPad Pro 11-inch (3rd generation)", "iPad13,5": "iPad Pro 11-inch (3rd generation)",
	"iPad13,6": "iPad Pro 11-inch (3rd generation)", "iPad13,7": "iPad Pro 11-inch (3rd generation)",
	"iPad13,8": "iPad Pro 12.9-inch (5th generation)", "iPad13,9": "iPad Pro 12.9-inch (5th generation)",
	"iPad13,10": "iPad Pro 12.9-inch (5th generation)", "iPad13,11": "iPad Pro 12.9-inch (5th generation)",
	"iPad14,3": "iPad Pro 11-inch (4th generation)", "iPad14,4": "iPad Pro 11-inch (4th generation)",
	"iPad14,5": "iPad Pro 12.9-inch (6th generation)", "iPad14,6": "iPad Pro 12.9-inch (6th generation)",
	"iPad16,3": "iPad Pro 11-inch (M4)", "iPad16,4": "iPad Pro 11-inch (M4)",
	"iPad16,5": "iPad Pro 13-inch (M4)", "iPad16,6": "iPad Pro 13-inch (M4)",
	"iPad17,1": "iPad Pro 11-inch (M5)", "iPad17,2": "iPad Pro 11-inch (M5)",
	"iPad17,3": "iPad Pro 13-inch (M5)", "iPad17,4": "iPad Pro 13-inch (M5)",

	"RealityDevice14,1": "Apple Vision Pro", "RealityDevice17,1": "Apple Vision Pro (M5)",
}

// modelName is how people call a device. One that is newer than this table is called by its family.
func modelName(productName string) string {
	if name, ok := models[productName]; ok {
		return name
	}
	for _, family := range []string{"iPhone", "iPad"} {
		if strings.HasPrefix(productName, family) {
			return family
		}
	}
	if strings.HasPrefix(productName, "RealityDevice") {
		return "Apple Vision"
	}
	return productName
}

// called are the names in models, folded.
var called = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range models {
		all[bare(name)] = true
	}
	return all
}()

// SameModel compares Apple's identifier of a device with what another list calls a model: by its identifier, or by a name.
// Sure is false where the other name is not one that we know, so that they may or may not be the same.
func SameModel(productName, model string) (same, sure bool) {
	if bare(model) == bare(productName) || bare(model) == bare(modelName(productName)) {
		return true, true
	}
	_, identifier := models[model]
	return false, identifier || called[bare(model)]
}

// bare is a name without what people write in different ways.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// KnownModel is the name of a device under which people bought it, where its identifier is one that we know.
func KnownModel(productName string) (string, bool) {
	name, ok := models[productName]
	return name, ok
}
