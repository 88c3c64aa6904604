"""Parts of the DICOM reader, in the order in which a pixel passes them."""
