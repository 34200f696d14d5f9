//! One database of a server.

use std::marker::PhantomData;
use std::net::SocketAddr;

use crate::failure::Result;
use crate::product::Product;
use crate::program::output;
use crate::server::url;

/// A database of a server, which ends with it.
#[derive(Debug)]
pub struct Database<P> {
    address: SocketAddr,
    name: String,
    product: PhantomData<P>,
}

impl<P: Product> Database<P> {
    pub(crate) fn new(address: SocketAddr, name: String) -> Self {
        Self { address, name, product: PhantomData }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL.
    pub fn url(&self) -> String {
        url::<P>(self.address, &self.name)
    }

    /// Runs SQL by the product's own client, over a connection that is nobody else's; answers a line
    /// for each row, a tabulator between columns.
    pub fn run(&self, sql: &str) -> Result<String> {
        Ok(output(&mut P::client(self.address, &self.name, sql)?)?.trim_end().to_owned())
    }
}

impl<P> Clone for Database<P> {
    fn clone(&self) -> Self {
        Self { address: self.address, name: self.name.clone(), product: PhantomData }
    }
}
