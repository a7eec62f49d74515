package merge

// contactFields is R-FIELD-15, in its order. The addresses two and three go only
// where the organization carries all three (R-CONTACT-05, -06), the company only
// where the user wants it (R-REGARDING-04..06); directionOf knows.
var contactFields = concat(
	[]Field{
		{Word: "anniversary", Name: "Anniversary", Column: "anniversary", Default: Both, same: sameDay},
		{Word: "assistant", Name: "Assistant's name", Column: "assistantname", Default: Both, Limit: 100, same: sameLine},
		{Word: "assistant-phone", Name: "Assistant's phone", Column: "assistantphone", Default: Both, Limit: 50, same: samePhone},
		{Word: "birthday", Name: "Birthday", Column: "birthdate", Default: Both, same: sameDay},
		{Word: "fax", Name: "Business fax", Column: "fax", Default: Both, Limit: 50, same: samePhone},
		{Word: "phone-business", Name: "Business phone", Column: "telephone1", Default: Both, Limit: 50, same: samePhone},
		{Word: "phone-business2", Name: "Business phone 2", Column: "business2", Default: Both, Limit: 50, same: samePhone},
		{Word: "phone-callback", Name: "Callback", Column: "callback", Default: Both, Limit: 50, same: samePhone},
		{Word: "children", Name: "Children", Column: "childrensnames", Default: Both, Limit: 255, same: sameLine},
		{Word: "phone-company", Name: "Company main phone", Column: "company", Default: Both, Limit: 50, same: samePhone},
		{Word: "department", Name: "Department", Column: "department", Default: Both, Limit: 100, same: sameLine},
		{Word: "email1", Name: "E-mail", Column: "emailaddress1", Default: Both, Limit: 100, same: sameAddress},
		{Word: "email2", Name: "E-mail 2", Column: "emailaddress2", Default: Both, Limit: 100, same: sameAddress},
		{Word: "email3", Name: "E-mail 3", Column: "emailaddress3", Default: Both, Limit: 100, same: sameAddress},
		{Word: "ftp", Name: "FTP site", Column: "ftpsiteurl", Default: Both, Limit: 200, same: sameLink},
		// The full name is made of its parts on either side.
		{Word: "prefix", Name: "Title of the name", Column: "salutation", Default: Both, Fixed: true, Limit: 100, same: sameLine},
		{Word: "first", Name: "First name", Column: "firstname", Default: Both, Fixed: true, Limit: 50, same: sameLine},
		{Word: "middle", Name: "Middle name", Column: "middlename", Default: Both, Fixed: true, Limit: 50, same: sameLine},
		{Word: "last", Name: "Last name", Column: "lastname", Default: Both, Fixed: true, Limit: 50, Needed: true, same: sameLine},
		{Word: "suffix", Name: "Suffix of the name", Column: "suffix", Default: Both, Fixed: true, Limit: 10, same: sameLine},
		{Word: "government-id", Name: "Government ID number", Column: "governmentid", Default: Both, Limit: 50, same: sameLine},
		{Word: "phone-home", Name: "Home phone", Column: "telephone2", Default: Both, Limit: 50, same: samePhone},
		{Word: "phone-home2", Name: "Home phone 2", Column: "home2", Default: Both, Limit: 50, same: samePhone},
		{Word: "title", Name: "Job title", Column: "jobtitle", Default: Both, Limit: 100, same: sameLine},
		{Word: "manager", Name: "Manager's name", Column: "managername", Default: Both, Limit: 100, same: sameLine},
		{Word: "manager-phone", Name: "Manager's phone", Column: "managerphone", Default: Both, Limit: 50, same: samePhone},
		{Word: "mobile", Name: "Mobile", Column: "mobilephone", Default: Both, Limit: 50, same: samePhone},
		{Word: "nickname", Name: "Nickname", Column: "nickname", Default: Both, Limit: 100, same: sameLine},
		{Word: "body", Name: "Notes", Column: "description", Default: Both, Limit: 2000},
		{Word: "phone-other", Name: "Other phone", Column: "telephone3", Default: Both, Limit: 50, same: samePhone},
		{Word: "pager", Name: "Pager", Column: "pager", Default: Both, Limit: 50, same: samePhone},
		{Word: "parent", Name: "Parent", Column: "parentcustomerid", Default: Both, Fixed: true},
		{Word: wordCompany, Name: "Company", Column: "parentcustomerid", Default: Down, Fixed: true, same: sameLine},
		{Word: "spouse", Name: "Spouse or partner", Column: "spousesname", Default: Both, Limit: 100, same: sameLine},
		{Word: "website", Name: "Web page", Column: "websiteurl", Default: Both, Limit: 200, same: sameLink},
		{Word: "yomi-first", Name: "Yomi first name", Column: "yomifirstname", Default: Both, Limit: 150, same: sameLine},
		{Word: "yomi-last", Name: "Yomi last name", Column: "yomilastname", Default: Both, Limit: 150, same: sameLine},
		{Word: "photo", Name: "Photo", Column: "entityimage", Default: Both, Fixed: true, same: samePhoto},
	},
	address("1", "Business or mailing address"), address("2", "Home address"), address("3", "Other address"))

const wordCompany = "company"

// address are the fields of one of the three addresses.
func address(n, name string) []Field {
	of := func(word, column string, limit int) Field {
		return Field{Word: "address" + n + "-" + word, Name: name + ": " + word, Column: column, Default: Both, Limit: limit, same: sameLine}
	}
	line := "address" + n + "_"
	street := of("street", line+"line1, "+line+"line2, "+line+"line3", 752)
	street.same = nil
	return []Field{street, of("city", line+"city", 80), of("region", line+"stateorprovince", 50), of("postcode", line+"postalcode", 20), of("country", line+"country", 80)}
}

func concat(lists ...[]Field) (all []Field) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
