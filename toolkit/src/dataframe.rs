//! DataFrames by `polars`: of histories and tables, and as tensors. In the feature `polars`, which notebooks do without
//! unless the kernel was installed with it.

use crate::bias_variance::{Decomposition, Sweep, ZeroOne, ZeroOneSweep};
use crate::models::History;
use crate::search::Search;
use crate::table::{Cell, Table};
use crate::tensor::Tensor;
use crate::{Error, Result};
use polars::prelude::{
    Column, CsvReadOptions, DataFrame, DataType, NamedFrom, ParquetReader, SerReader, Series,
};
use std::path::Path;

impl History {
    /// The numbers as a DataFrame, one row an epoch (counted from 0, as Keras does); where a number is missing, such as
    /// the validation of an epoch that was not validated, it is null.
    ///
    /// # Errors
    /// When two columns have one name.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let mut model = Sequential::new().add(Dense::new(1).input_shape([1]));
    /// model.compile("sgd", "mse", ())?;
    /// let (x, y) = (Tensor::ones([8, 1]), Tensor::zeros([8, 1]));
    /// let history = model.fit(&x, &y).epochs(4).validation_data(&x, &y).validation_freq(2).verbose(0).run()?;
    /// let frame = history.to_dataframe()?;
    /// assert_eq!(frame.shape(), (4, 3));
    /// assert_eq!(frame.column("val_loss").map(|column| column.null_count()).ok(), Some(2));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn to_dataframe(&self) -> Result<DataFrame> {
        let epochs: Vec<u32> = self.epochs().iter().map(|&epoch| epoch as u32).collect();
        let mut columns = vec![Column::from(Series::new("epoch".into(), epochs))];
        for name in self.names() {
            columns.push(Column::from(Series::new(name.into(), self.aligned(name))));
        }
        frame(columns)
    }
}

impl Table {
    /// The table as a DataFrame: whole numbers, numbers or texts by column, null where a cell is empty.
    ///
    /// # Errors
    /// When two columns have one name.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let table = Table::new(["optimizer", "accuracy"]).row(["SGD".into(), 0.87.into()]).row(["Adam".into()]);
    /// let frame = table.to_dataframe()?;
    /// assert_eq!(frame.shape(), (2, 2));
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn to_dataframe(&self) -> Result<DataFrame> {
        let column = |(index, name): (usize, &String)| {
            let cells: Vec<&Cell> =
                self.rows().iter().map(|row| row.get(index).unwrap_or(&Cell::Empty)).collect();
            let series = if cells.iter().any(|cell| matches!(cell, Cell::Text(_))) {
                Series::new(name.into(), cells.into_iter().map(text).collect::<Vec<Option<String>>>())
            } else if cells.iter().any(|cell| matches!(cell, Cell::Number(_))) {
                Series::new(name.into(), cells.into_iter().map(number).collect::<Vec<Option<f64>>>())
            } else {
                Series::new(name.into(), cells.into_iter().map(integer).collect::<Vec<Option<i64>>>())
            };
            Column::from(series)
        };
        frame(self.columns().iter().enumerate().map(column).collect())
    }
}

fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Text(text) => Some(text.clone()),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Empty => None,
    }
}

fn number(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => Some(*number),
        Cell::Integer(number) => Some(*number as f64),
        Cell::Text(_) | Cell::Empty => None,
    }
}

fn integer(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Integer(number) => Some(*number),
        _ => None,
    }
}

macro_rules! tables {
    ($($type:ty: $what:literal;)*) => {$(
        impl $type {
            #[doc = concat!($what, " as a DataFrame: the columns of its table.")]
            ///
            /// # Errors
            /// When two columns have one name.
            pub fn to_dataframe(&self) -> Result<DataFrame> {
                self.to_table().to_dataframe()
            }
        }
    )*};
}

tables! {
    Decomposition: "The simulation's results";
    Sweep: "The simulations' results";
    ZeroOne: "The simulation's results";
    ZeroOneSweep: "The simulations' results";
    Search: "The search's trials, the best first,";
}

impl Tensor {
    /// The columns of a DataFrame as a tensor `[rows, columns]` of 32-bit numbers. Truth values become 1 and 0.
    ///
    /// # Errors
    /// For a column that holds no numbers, or a missing value.
    ///
    /// # Example
    /// ```
    /// use kiln::prelude::*;
    /// let frame = Table::new(["a", "b"]).row([1.into(), 0.5.into()]).row([2.into(), 0.25.into()]).to_dataframe()?;
    /// assert_eq!(Tensor::from_dataframe(&frame)?.to_vec(), [1.0, 0.5, 2.0, 0.25]);
    /// # Ok::<(), kiln::Error>(())
    /// ```
    pub fn from_dataframe(frame: &DataFrame) -> Result<Self> {
        let columns = frame.columns().iter().map(column).collect::<Result<Vec<_>>>()?;
        let rows = frame.height();
        let values = (0..rows).flat_map(|row| columns.iter().map(move |column| column[row] as f32)).collect();
        Self::from_vec(values, [rows, columns.len()])
    }
}

fn column(column: &Column) -> Result<Vec<f64>> {
    let name = column.name();
    let kind = column.dtype();
    if !(kind.is_primitive_numeric() || *kind == DataType::Boolean) {
        return Err(Error::data(format!("from_dataframe: column `{name}` holds no numbers, but {kind}"))
            .with_help(
                "select the columns that hold numbers: Tensor::from_dataframe(&frame.select([..])?)",
            ));
    }
    let wide = column.cast(&DataType::Float64).map_err(failed("from_dataframe"))?;
    let numbers = wide.f64().map_err(failed("from_dataframe"))?;
    numbers
        .iter()
        .enumerate()
        .map(|(row, value)| {
            value.ok_or_else(|| {
                Error::data(format!("from_dataframe: column `{name}` has no value in row {row}"))
                    .with_help("fill or drop such rows first")
            })
        })
        .collect()
}

/// A CSV file with a heading.
///
/// # Errors
/// When the file is not there or is no such file.
pub fn read_csv(path: impl AsRef<Path>) -> Result<DataFrame> {
    let path = path.as_ref();
    let reader = CsvReadOptions::default().try_into_reader_with_file_path(Some(path.to_owned()));
    reader.and_then(SerReader::finish).map_err(failed(&format!("read_csv: `{}`", path.display())))
}

/// A Parquet file.
///
/// # Errors
/// When the file is not there or is no such file.
pub fn read_parquet(path: impl AsRef<Path>) -> Result<DataFrame> {
    let path = path.as_ref();
    let what = format!("read_parquet: `{}`", path.display());
    let file = std::fs::File::open(path).map_err(|error| Error::file(format!("{what}: {error}")))?;
    ParquetReader::new(file).finish().map_err(failed(&what))
}

fn frame(columns: Vec<Column>) -> Result<DataFrame> {
    DataFrame::new_infer_height(columns).map_err(failed("to_dataframe"))
}

fn failed(what: &str) -> impl Fn(polars::error::PolarsError) -> Error {
    let what = what.to_string();
    move |error| Error::data(format!("{what}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{CsvWriter, ParquetWriter, SerWriter};

    /// What is written to either file comes back as the same tensor.
    #[test]
    fn files_come_back_as_tensors() -> Result<()> {
        let mut frame = Table::new(["x", "n"])
            .row([0.5.into(), 1.into()])
            .row([(-2.25).into(), 3.into()])
            .to_dataframe()?;
        let folder = std::env::temp_dir().join(format!("kiln-frames-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (csv, parquet) = (folder.join("a.csv"), folder.join("a.parquet"));
        CsvWriter::new(std::fs::File::create(&csv).unwrap()).finish(&mut frame).unwrap();
        ParquetWriter::new(std::fs::File::create(&parquet).unwrap()).finish(&mut frame).unwrap();
        for read in [read_csv(&csv)?, read_parquet(&parquet)?] {
            assert_eq!(Tensor::from_dataframe(&read)?.to_vec(), [0.5, 1.0, -2.25, 3.0]);
        }
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(read_parquet(&parquet).unwrap_err().to_string().contains("a.parquet"));
        Ok(())
    }

    #[test]
    fn what_is_no_number_is_named() -> Result<()> {
        let frame =
            Table::new(["kind", "n"]).row(["a".into(), 1.into()]).row([Cell::Empty]).to_dataframe()?;
        let error = Tensor::from_dataframe(&frame).unwrap_err().to_string();
        assert!(error.contains("column `kind` holds no numbers"), "{error}");
        let numbers = frame.select(["n"]).unwrap();
        let error = Tensor::from_dataframe(&numbers).unwrap_err().to_string();
        assert!(error.contains("column `n` has no value in row 1"), "{error}");
        Ok(())
    }
}
