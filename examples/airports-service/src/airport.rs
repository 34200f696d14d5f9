//! An airport: a row of the table, and a JSON document to clients.

use serde::{Deserialize, Serialize};

/// One airport. Its fields are named as the columns of the table `airports`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Airport {
    /// The ICAO code, by which it is looked up.
    pub icao: String,
    /// The IATA code, where it has one.
    pub iata: Option<String>,
    /// Its name.
    pub name: String,
    /// The city that it serves.
    pub city: Option<String>,
    /// The state or region that it is in.
    pub subd: Option<String>,
    /// The country, by its two-letter code.
    pub country: String,
    /// Its height above the sea, in feet.
    pub elevation: f64,
    /// Its latitude, in degrees.
    pub lat: f64,
    /// Its longitude, in degrees.
    pub lon: f64,
    /// Its time zone.
    pub tz: String,
    /// The code that its own country gives it, where it has one.
    pub lid: Option<String>,
}
